import { useState } from "react";
import { fetchFile, save } from "../api/apply";
import { Icon } from "../frame/Icon";
import { ProblemNote } from "../frame/ProblemNote";
import { useSubmit } from "../submit/useSubmit";

const CONTENTS = { figure: "Four panels", overlay: "Overlay alone", registered: "Registered alone" };
const COLORS = {
  "magenta-green": "Magenta–green",
  "green-magenta": "Green–magenta",
  "cyan-red": "Cyan–red",
  "yellow-blue": "Yellow–blue",
};
const FORMATS = { png: "PNG", svg: "SVG", pdf: "PDF" };
const COLUMNS = [
  ["content", "Figure", CONTENTS],
  ["colors", "Colours of the figure", COLORS],
  ["format", "Format of the figure", FORMATS],
] as const;

interface Props {
  href: string; // of the picture, without a query
  stem: string; // of the file's name
  position: string | null; // of the result, as a query parameter
}

/** A figure for a talk or a paper: what it shows, in which colours, and a look at it before it is saved. */
export function FigureFile({ href, stem, position }: Props) {
  const [choice, setChoice] = useState({ content: "figure", colors: "magenta-green", format: "png" });
  const [bar, setBar] = useState(true);
  const [status, setStatus] = useState(true);
  const [shown, setShown] = useState<string | null>(null); // URL of the preview
  const { sending, problem, run } = useSubmit();
  const query = (format: string) =>
    new URLSearchParams({
      ...choice,
      format,
      scale_bar: String(bar),
      status: String(status),
      ...(position !== null && { correction: position }),
    });
  const change = (key: string, value: string) => {
    setChoice({ ...choice, [key]: value });
    setShown(null);
  };

  async function download(): Promise<void> {
    const file = await fetchFile(`${href}?${query(choice.format)}`);
    save(file, `${stem}${choice.content === "figure" ? "" : `_${choice.content}`}.${choice.format}`);
  }

  async function look(): Promise<void> {
    setShown(URL.createObjectURL(await fetchFile(`${href}?${query("png")}`)));
  }

  return (
    <div className="figure-file">
      {COLUMNS.map(([key, label, names]) => (
        <select
          key={key}
          value={choice[key]}
          aria-label={label}
          onChange={(event) => change(key, event.currentTarget.value)}
        >
          {Object.entries(names).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      ))}
      <label className="check">
        <input type="checkbox" checked={bar} onChange={() => (setBar(!bar), setShown(null))} />
        <span>Scale bar</span>
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={status && choice.content === "figure"}
          disabled={choice.content !== "figure"}
          onChange={() => (setStatus(!status), setShown(null))}
        />
        <span>Status line</span>
      </label>
      <div className="figure-actions">
        <button type="button" disabled={sending} onClick={() => void run(download)}>
          <Icon name="download" /> {sending ? "Drawing…" : "Download the figure"}
        </button>
        <button type="button" className="quiet" disabled={sending} onClick={() => void run(look)}>
          Preview
        </button>
      </div>
      <p className="spoken" role="status">
        {sending && "Drawing the figure"}
      </p>
      {shown !== null && <img className="figure-shown" src={shown} alt="Preview of the figure" />}
      {problem && <ProblemNote title="Not drawn:">{problem}</ProblemNote>}
    </div>
  );
}
