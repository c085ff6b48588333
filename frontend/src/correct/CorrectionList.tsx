import type { Correction } from "../api/types";
import { when } from "../quantities";

interface Props {
  items: Correction[];
  shown: string | null; // null: the prediction
  onShow: (id: string | null) => void; // null: the prediction
}

/** Choice between the predicted position and the saved corrections. */
export function CorrectionList({ items, shown, onShow }: Props) {
  if (items.length === 0) return null;
  return (
    <fieldset className="positions">
      <legend>Position shown</legend>
      <label>
        <input type="radio" name="position" checked={shown === null} onChange={() => onShow(null)} />
        <span>Predicted</span>
      </label>
      {items.map(({ id, actor, created_at, note }) => (
        <label key={id}>
          <input type="radio" name="position" checked={shown === id} onChange={() => onShow(id)} />
          <span>
            Corrected by {actor}, {when(created_at)}
            {note && <span className="positions-note"> “{note}”</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
