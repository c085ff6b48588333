import { createRegistration } from "../api/client";
import { getSamplePair } from "../api/sample";
import { uploadImage } from "../api/upload";
import { ProblemNote } from "../frame/ProblemNote";
import { useSubmit } from "../submit/useSubmit";
import { openRegistration } from "../url";

/** Registers the pair that the service brings along. */
export function SampleButton({ onSubmitted }: { onSubmitted: () => void }) {
  const { sending, problem, run } = useSubmit();

  async function submit(): Promise<void> {
    const signal = new AbortController().signal;
    const files = await getSamplePair();
    const images = await Promise.all(files.map((file) => uploadImage(file, () => undefined, signal)));
    const [fixed, moving] = images.map(({ id }) => id);
    const pair = { fixed_image_id: fixed ?? "", moving_image_id: moving ?? "" };
    openRegistration((await createRegistration(pair)).id);
    onSubmitted();
  }

  return (
    <>
      <p className="sample">
        No images at hand?{" "}
        <button type="button" className="link" disabled={sending} onClick={() => void run(submit)}>
          {sending ? "Preparing the sample pair…" : "Register the sample pair"}
        </button>{" "}
        <span className="hint">simulated electron and X-ray images of one specimen</span>
      </p>
      {problem && <ProblemNote title="Not submitted:">{problem}</ProblemNote>}
    </>
  );
}
