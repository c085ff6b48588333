import type { Mirror } from "../api/types";

const CHOICES: Record<Mirror, string> = {
  no: "Same side up in both images",
  yes: "Turned over between the images",
  try: "Try both (takes twice as long)",
};

/** Whether the specimen was turned over between the images, so that one is a mirror image of the other. */
export function MirrorChoice({ mirror, onMirror }: { mirror: Mirror; onMirror: (mirror: Mirror) => void }) {
  return (
    <label className="mirror-choice">
      <span>Specimen</span>
      <select value={mirror} onChange={(event) => onMirror(event.currentTarget.value as Mirror)}>
        {Object.entries(CHOICES).map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
