import type { Mirror } from "../api/types";
import { OptionChoice } from "./OptionChoice";

const CHOICES: Record<Mirror, string> = {
  no: "Same side up in both images",
  yes: "Turned over between the images",
  try: "Try both (takes twice as long)",
};

interface Props {
  mirror: Mirror;
  onMirror: (mirror: Mirror) => void;
}

/** Whether the specimen was turned over between the images, so that one is a mirror image of the other. */
export function MirrorChoice({ mirror, onMirror }: Props) {
  return <OptionChoice label="Specimen" choices={CHOICES} value={mirror} onChoice={onMirror} />;
}
