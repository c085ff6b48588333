import { useState } from "react";
import type { Correction, Registration, Result } from "../api/types";
import type { paths } from "../api/schema";
import { Icon } from "../frame/Icon";
import { CodeSnippets } from "./CodeSnippets";
import { FigureFile } from "./FigureFile";
import "./downloads.css";

interface Props {
  registration: Registration;
  result: Result;
  correction: Correction | null; // null: the prediction is shown
  position: string | null; // the same as a query parameter; null: the service's default
}

type TransformRequest = paths["/api/v1/registrations/{registration_id}/transform"]["get"]["parameters"];
type Format = NonNullable<NonNullable<TransformRequest["query"]>["format"]>;

/** Every transform format of the service; the compiler reports a missing one. */
const FORMATS: Record<Format, { name: string; suffix: string }> = {
  json: { name: "JSON, both matrices", suffix: ".json" },
  matrices: { name: "Matrices for Python packages", suffix: ".matrices.json" },
  csv: { name: "Table (CSV), px", suffix: ".csv" },
  "csv-um": { name: "Table (CSV), µm", suffix: ".um.csv" },
  napari: { name: "napari affine", suffix: ".napari.txt" },
  "napari-px": { name: "napari affine, px", suffix: ".px.napari.txt" },
  "napari-layers": { name: "napari layers", suffix: ".napari.json" },
  "napari-layers-px": { name: "napari layers, px", suffix: ".px.napari.json" },
  bigwarp: { name: "BigWarp landmarks", suffix: ".landmarks.csv" },
  "bigwarp-px": { name: "BigWarp landmarks, px", suffix: ".px.landmarks.csv" },
  itk: { name: "ITK transform", suffix: ".tfm" },
  "itk-px": { name: "ITK transform, px", suffix: ".px.tfm" },
  "itk-field": { name: "ITK displacement field", suffix: ".field.tfm" },
  "itk-field-px": { name: "ITK displacement field, px", suffix: ".px.field.tfm" },
  "ngff-field": { name: "OME-NGFF displacement field", suffix: ".field.ome.zarr.zip" },
  "ngff-field-px": { name: "OME-NGFF displacement field, px", suffix: ".px.field.ome.zarr.zip" },
  "elastix-field": { name: "elastix B-spline", suffix: ".field.elastix.txt" },
  "elastix-field-px": { name: "elastix B-spline, px", suffix: ".px.field.elastix.txt" },
  slicer: { name: "3D Slicer transform", suffix: ".slicer.tfm" },
  "slicer-px": { name: "3D Slicer transform, px", suffix: ".px.slicer.tfm" },
  elastix: { name: "elastix parameters", suffix: ".elastix.txt" },
  "elastix-px": { name: "elastix parameters, px", suffix: ".px.elastix.txt" },
  ngff: { name: "OME-NGFF transformation", suffix: ".ngff.json" },
  "ngff-px": { name: "OME-NGFF transformation, px", suffix: ".px.ngff.json" },
  mobie: { name: "MoBIE view", suffix: ".mobie.json" },
  "mobie-px": { name: "MoBIE view, px", suffix: ".px.mobie.json" },
  hyperspy: { name: "HyperSpy axes", suffix: ".hyperspy.json" },
  "hyperspy-px": { name: "HyperSpy axes, px", suffix: ".px.hyperspy.json" },
  qupath: { name: "QuPath script", suffix: ".qupath.groovy" },
};

/** Downloads: registered image, figure, transform, code. */
export function Downloads({ registration, result, correction, position }: Props) {
  const at = (href: string, more: Record<string, string> = {}) => {
    const query = new URLSearchParams({ ...more, ...(position !== null && { correction: position }) });
    return query.size > 0 ? `${href}?${query}` : href;
  };
  const { links } = registration;
  const stem = `${stemOf(result.moving.name)}_on_${stemOf(result.fixed.name)}`;
  return (
    <section aria-labelledby="downloads-title">
      <h2 id="downloads-title">Downloads</h2>
      <ul className="downloads">
        {links.registered && (
          <Item
            href={at(links.registered)}
            name={`${stem}.tif`}
            title="Registered image"
            kind={`TIFF, ${result.moving.dtype}`}
          />
        )}
        {links.registered && (
          <Item
            href={at(links.registered, { format: "ome-tiff" })}
            name={`${stem}.ome.tif`}
            title="Registered, with OME metadata"
            kind="OME-TIFF"
          />
        )}
      </ul>
      {links.picture && <FigureFile href={links.picture} stem={stem} position={position} />}
      <TransformFile links={links} stem={stem} position={position} />
      <CodeSnippets result={result} correction={correction} />
    </section>
  );
}

function TransformFile({
  links,
  stem,
  position,
}: {
  links: Registration["links"];
  stem: string;
  position: string | null;
}) {
  const [format, setFormat] = useState<Format>("json");
  const query = new URLSearchParams({ format, ...(position !== null && { correction: position }) });
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
