import { createRegistration } from "../api/client";
import { Icon } from "../frame/Icon";
import type { Role } from "../frame/RoleName";
import { useTitle } from "../frame/useTitle";
import { inRoles } from "../batch/roleWords";
import { planOf } from "../submit/plan";
import { SubmitBar } from "../submit/SubmitBar";
import { useSubmit } from "../submit/useSubmit";
import { openRegistration } from "../url";
import { FolderField } from "./FolderField";
import { ImageSlot } from "./ImageSlot";
import { submissionOf } from "./pair";
import { SampleButton } from "./SampleButton";
import { useDropAnywhere } from "./useDropAnywhere";
import type { PairControls } from "./usePair";
import "./pair.css";

interface Props {
  pair: PairControls;
  onMany: (files: File[]) => void; // for more than two files
  onSubmitted: () => void;
}

/** Form for one pair of images. */
export function PairForm({
  pair: { pair, pick, uploadFiles, setSpacing, setAreas, setImage, choose, swap, ...options },
  onMany,
  onSubmitted,
}: Props) {
  useTitle("Register a pair");
  const submitting = useSubmit();
  const submission = submissionOf(pair, options.mirror, options.model);
  const take = (files: File[], role: Role) =>
    files.length > 2 ? onMany(files) : uploadFiles(inRoles(files), role);
  useDropAnywhere((files) => take(files, pair.fixed.state === "empty" ? "fixed" : "moving"));

  async function submit(): Promise<void> {
    if (typeof submission === "string") return;
    openRegistration((await createRegistration(submission)).id);
    onSubmitted();
  }

  return (
    <section className="pair" aria-labelledby="pair-title">
      <h1 id="pair-title">Register a pair</h1>
      <p className="lead">
        The moving image is rotated, scaled and shifted to match the fixed image. Both show the same area, or
        one shows a part of the other. Drop two files, many or <FolderField onFiles={onMany} /> anywhere; many
        are paired by their names first.
      </p>
      {pair.fixed.state === "empty" && pair.moving.state === "empty" && (
        <SampleButton onSubmitted={onSubmitted} />
      )}
      <div className="slots">
        {(["fixed", "moving"] as const).map((role) => (
          <ImageSlot
            key={role}
            role={role}
            upload={pair[role]}
            onFiles={(files) => take(files, role)}
            onPick={(image) => pick(role, image)}
            onSpacing={(text) => setSpacing(role, text)}
            onAreas={(areas) => setAreas(role, areas)}
            onImage={setImage}
            onChoose={(choice) => choose(role, choice)}
          />
        ))}
      </div>
      <SubmitBar
        label="Register"
        plan={planOf(pair, options.mirror, options.model)}
        missing={typeof submission === "string" ? submission : null}
        submitting={submitting}
        onSubmit={submit}
        mirror={options.mirror}
        onMirror={options.setMirror}
        model={options.model}
        onModel={options.setModel}
      >
        <button type="button" className="quiet" disabled={pair.fixed.key === pair.moving.key} onClick={swap}>
          <Icon name="swap" /> Swap
        </button>
      </SubmitBar>
    </section>
  );
}
