const HIDDEN = /^(\.|Thumbs\.db$|desktop\.ini$)/; // files that a system puts into a folder

/** The files of a drop, those in folders included; call it at once: the browser forgets a drop after its event. */
export async function droppedFiles(data: DataTransfer | null): Promise<File[]> {
  const entries = [...(data?.items ?? [])].map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...(data?.files ?? [])];
  if (!entries.some((entry) => entry?.isDirectory)) return plain;
  const found = await Promise.all(entries.filter((entry) => entry !== null).map(filesOf));
  return visible(found.flat());
}

/** Files without those that only the system uses. */
export function visible(files: File[]): File[] {
  return files.filter(({ name }) => !HIDDEN.test(name));
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile)
    return [
      await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
    ];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) break; // at most 100 entries come at a time
    found.push(...some);
  }
  return (await Promise.all(found.map(filesOf))).flat();
}
