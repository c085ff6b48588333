import type { Figures } from "../api/types";
import { bytes, groupedDigits, seconds, when } from "../quantities";

export function InstrumentTable({ instruments }: { instruments: Figures["instruments"] }) {
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-labelledby="instruments-title">
      <table className="figures">
        <caption id="instruments-title">Instruments</caption>
        <thead>
          <tr>
            <th scope="col">Instrument</th>
            <th scope="col">Waiting</th>
            <th scope="col">Longest wait</th>
            <th scope="col">Running</th>
            <th scope="col">Images</th>
            <th scope="col">Storage</th>
            <th scope="col">Last submitted</th>
          </tr>
        </thead>
        <tbody>
          {instruments.map((one) => (
            <tr key={one.name}>
              <th scope="row">{one.name}</th>
              <td>{one.waiting}</td>
              <td>{one.waiting > 0 ? seconds(one.oldest_waiting_s) : "–"}</td>
              <td>{one.running}</td>
              <td>{groupedDigits(one.images)}</td>
              <td>{one.images > 0 ? bytes(one.image_bytes) : "–"}</td>
              <td>{one.last_submitted ? when(one.last_submitted) : "never"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
