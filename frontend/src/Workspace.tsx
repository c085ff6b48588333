import { useRecentRegistrations } from "./api/useRecentRegistrations";
import { Administration } from "./administration/Administration";
import { BatchForm } from "./batch/BatchForm";
import { useBatch } from "./batch/useBatch";
import { PairForm } from "./pair/PairForm";
import { useFocusOnView } from "./frame/useFocusKept";
import { usePair } from "./pair/usePair";
import { RecentList } from "./recent/RecentList";
import { RegistrationView } from "./result/RegistrationView";
import { ADMINISTRATION, useAddress } from "./url";

/** Everything that belongs to one instrument; mounted anew for another one. */
export function Workspace() {
  const address = useAddress();
  const registration = address.get("registration");
  useFocusOnView(`${address.get("page")} ${registration}`);
  const pair = usePair(); // kept here, so that the chosen images survive a visit to a result
  const many = useBatch();
  const recent = useRecentRegistrations();
  if (address.get("page") === ADMINISTRATION) return <Administration />;
  const start =
    many.files.length > 0 ? (
      <BatchForm many={many} onSubmitted={(batch_id) => recent.setFilter({ batch_id })} />
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
