import type { Mirror } from "../api/types";

const CHOICES: Record<Mirror, string> = {
  no: "Same side up in both images",
  yes: "Turned over between them",
  try: "Find out, at twice the time",
};

/** Whether the specimen lay the other way up for the second image, which then is a mirror image of the first. */
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
