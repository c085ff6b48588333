/** What deleting an upload means, and what happens to it otherwise; `days` is the service's retention time. */
export function retentionWords(days: number | null | undefined): string {
  const now = "Its file and previews are deleted for good; the audit log keeps its name and hash.";
  if (days === undefined) return now; // not known yet
  if (days === null) return `${now} Otherwise the service keeps it without a time limit.`;
  const time = days === 1 ? "a day" : `${Number(days.toPrecision(3))} days`;
  return `${now} Otherwise the service deletes it ${time} after its upload, unless a registration uses it.`;
}
