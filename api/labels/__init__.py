"""Labels: pairs with known transforms, to which the network of an instrument is adapted."""
