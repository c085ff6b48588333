import type { Figures } from "../api/types";

type Day = Figures["days"][number];

/** Verdicts per day and instrument; a high refusal rate hints at a problem with an instrument. */
export function DayTable({ days }: { days: Day[] }) {
  if (days.length === 0) return <p className="hint">No registration has finished in the last two weeks.</p>;
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-labelledby="days-title">
      <table className="figures">
        <caption id="days-title">Results by day and instrument (UTC)</caption>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col" className="words">
              Instrument
            </th>
            <th scope="col">Finished</th>
            <th scope="col">Accepted</th>
            <th scope="col">To review</th>
            <th scope="col">Refused</th>
            <th scope="col">Failed</th>
            <th scope="col" className="rate-head">
              Refusal rate
            </th>
          </tr>
        </thead>
        <tbody>
          {days.map((one) => (
            <tr key={`${one.day} ${one.instrument}`}>
              <th scope="row">{one.day}</th>
              <td className="words">{one.instrument}</td>
              <td>{one.ended}</td>
              <td>{one.accepted}</td>
              <td>{one.to_review}</td>
              <td>{one.refused}</td>
              <td>{one.failed}</td>
              <td>
                <Rate rate={one.refusal_rate} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Rate({ rate }: { rate: number | null }) {
  if (rate === null) return <>–</>;
  return (
    <span className="rate">
      <span className="rate-bar" aria-hidden="true">
        <span style={{ width: `${100 * rate}%` }} />
      </span>
      {Math.round(100 * rate)} %
    </span>
  );
}
