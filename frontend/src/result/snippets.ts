import type { Matrix3, Result } from "../api/types";

/** Code that applies the transform in another program. */
export interface Snippet {
  name: string;
  text: string;
}

/** Points are (x, y) from the centre of the first pixel, as in scikit-image; napari uses (row, column). */
export function snippets(result: Result, fixedFromMoving: Matrix3, movingFromFixed: Matrix3): Snippet[] {
  const [height = 0, width = 0] = result.fixed.shape;
  return [
    { name: "napari", text: napari(fixedFromMoving) },
    { name: "scikit-image", text: scikitImage(movingFromFixed, height, width) },
    { name: "Fiji", text: fiji(movingFromFixed, height, width) },
  ];
}

function napari([[a, c, e], [b, d, f]]: Matrix3): string {
  const rows: Matrix3 = [
    [d, b, f],
    [c, a, e],
    [0, 0, 1],
  ];
  return `import napari

fixed_from_moving = ${python(rows)}  # (row, column)
viewer = napari.Viewer()
viewer.add_image(fixed, name="fixed")
viewer.add_image(moving, name="moving", affine=fixed_from_moving, blending="additive")`;
}

function scikitImage(matrix: Matrix3, height: number, width: number): string {
  return `import numpy as np
from skimage.transform import AffineTransform, warp

moving_from_fixed = AffineTransform(matrix=np.array(${python(matrix)}))
registered = warp(moving, moving_from_fixed, output_shape=(${height}, ${width}), order=1, preserve_range=True)`;
}

function fiji([[a, c, e], [b, d, f]]: Matrix3, height: number, width: number): string {
  return `# Script editor, language Python; the moving image is the one in front
from ij import IJ, ImagePlus
from ij.process import FloatProcessor

moving = IJ.getImage().getProcessor().convertToFloat()
moving.setInterpolationMethod(1)
registered = FloatProcessor(${width}, ${height})
for y in range(${height}):
    for x in range(${width}):
        u = ${a} * x + ${c} * y + ${e}
        v = ${b} * x + ${d} * y + ${f}
        if -0.5 <= u < moving.getWidth() - 0.5 and -0.5 <= v < moving.getHeight() - 0.5:
            registered.setf(x, y, moving.getInterpolatedValue(u, v))
ImagePlus("registered", registered).show()`;
}

function python(matrix: Matrix3): string {
  return `[${matrix.map((row) => `[${row.join(", ")}]`).join(", ")}]`;
}
