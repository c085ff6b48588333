import { LocalLink } from "../frame/LocalLink";
import { tagHref } from "../url";

/** A tag, as a link to the list of the registrations that have it. */
export function TagLink({ tag }: { tag: string }) {
  return (
    <LocalLink href={tagHref(tag)} className="tag-link" label={`Registrations with the tag ${tag}`}>
      {tag}
    </LocalLink>
  );
}
