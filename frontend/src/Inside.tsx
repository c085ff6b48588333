import { useRecent } from "./api/useRecent";
import { Administration } from "./administration/Administration";
import { ManyForm } from "./many/ManyForm";
import { useMany } from "./many/useMany";
import { PairForm } from "./pair/PairForm";
import { usePair } from "./pair/usePair";
import { RecentList } from "./recent/RecentList";
import { RegistrationView } from "./result/RegistrationView";
import { ADMINISTRATION, useAddress } from "./url";

/** What one instrument sees; another one starts anew. */
export function Inside() {
  const address = useAddress();
  const registration = address.get("registration");
  const pair = usePair(); // kept here, so that the chosen images are still there on the way back
  const many = useMany();
  const recent = useRecent();
  if (address.get("page") === ADMINISTRATION) return <Administration />;
  const start =
    many.files.length > 0 ? (
      <ManyForm many={many} onSubmitted={(batch_id) => recent.setFilter({ batch_id })} />
    ) : (
      <PairForm pair={pair} onMany={many.add} onSubmitted={recent.refresh} />
    );
  return (
    <>
      {registration === null ? (
        start
      ) : (
        <RegistrationView key={registration} id={registration} onChanged={recent.refresh} />
      )}
      <RecentList recent={recent} open={registration} />
    </>
  );
}
