import { useState } from "react";
import type { Correction, Registration, Result } from "../api/types";
import type { paths } from "../api/schema";
import { Icon } from "../frame/Icon";
import { CodeSnippets } from "./CodeSnippets";
import "./downloads.css";

interface Props {
  registration: Registration;
  result: Result;
  correction: Correction | null; // null: the prediction is shown
}

type TransformRequest = paths["/api/v1/registrations/{registration_id}/transform"]["get"]["parameters"];
type Format = NonNullable<NonNullable<TransformRequest["query"]>["format"]>;

/** Every transform format of the service; the compiler reports a missing one. */
const FORMATS: Record<Format, { name: string; suffix: string }> = {
  json: { name: "JSON, both matrices", suffix: ".json" },
  csv: { name: "Table (CSV)", suffix: ".csv" },
  napari: { name: "napari affine", suffix: ".napari.txt" },
  bigwarp: { name: "BigWarp landmarks", suffix: ".landmarks.csv" },
  itk: { name: "ITK transform", suffix: ".tfm" },
  elastix: { name: "elastix parameters", suffix: ".elastix.txt" },
  ngff: { name: "OME-NGFF transformation", suffix: ".ngff.json" },
};

/** Downloads: registered image, figure, transform, code. */
export function Downloads({ registration, result, correction }: Props) {
  const { links } = registration;
  const stem = `${stemOf(result.moving.name)}_on_${stemOf(result.fixed.name)}`;
  return (
    <section aria-labelledby="downloads-title">
      <h2 id="downloads-title">Downloads</h2>
      <ul className="downloads">
        {links.registered && (
          <Item
            href={links.registered}
            name={`${stem}.tif`}
            title="Registered image"
            kind={`TIFF, ${result.moving.dtype}`}
          />
        )}
        {links.picture && (
          <Item href={links.picture} name={`${stem}.png`} title="Figure for publications" kind="PNG" />
        )}
        {links.picture && (
          <Item
            href={`${links.picture}?format=svg`}
            name={`${stem}.svg`}
            title="Scalable figure"
            kind="SVG"
          />
        )}
      </ul>
      {correction && (
        <p className="hint">
          Image and figure show the predicted position; transform and code use the correction.
        </p>
      )}
      <TransformFile links={links} stem={stem} correction={correction} />
      <CodeSnippets result={result} correction={correction} />
    </section>
  );
}

function TransformFile({
  links,
  stem,
  correction,
}: {
  links: Registration["links"];
  stem: string;
  correction: Correction | null;
}) {
  const [format, setFormat] = useState<Format>("json");
  const query = new URLSearchParams({ format, ...(correction && { correction: correction.id }) });
  return (
    <div className="transform-file">
      <label>
        <span>Transform</span>
        <select
          value={format}
          aria-label="Format of the transform"
          onChange={(event) => setFormat(event.currentTarget.value as Format)}
        >
          {Object.entries(FORMATS).map(([key, { name }]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <a
        className="button"
        href={`${links.self}/transform?${query}`}
        download={stem + FORMATS[format].suffix}
        aria-label="Download the transform"
      >
        <Icon name="download" />
      </a>
    </div>
  );
}

interface ItemProps {
  href: string;
  name: string;
  title: string;
  kind: string;
}

function Item({ href, name, title, kind }: ItemProps) {
  return (
    <li>
      <a href={href} download={name}>
        <Icon name="download" />
        <span>{title}</span>
        <span className="download-kind">{kind}</span>
      </a>
    </li>
  );
}

function stemOf(name: string): string {
  return name.replace(/\.[^.]+$/, "");
}
