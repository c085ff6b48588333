import { visible } from "./droppedFiles";

/** Chooses a folder, with all files in it. */
export function FolderField({ onFiles }: { onFiles: (files: File[]) => void }) {
  return (
    <label className="folder-field">
      <input
        type="file"
        multiple
        aria-label="Choose a folder of images"
        ref={(input) => input?.setAttribute("webkitdirectory", "")}
        onChange={({ currentTarget }) => {
          onFiles(visible([...(currentTarget.files ?? [])]));
          currentTarget.value = "";
        }}
      />
      <u>a folder</u>
    </label>
  );
}
