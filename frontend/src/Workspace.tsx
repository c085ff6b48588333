import { Suspense, lazy } from "react";
import { useRecentRegistrations } from "./api/useRecentRegistrations";
import { Administration } from "./administration/Administration";
import { BatchForm } from "./batch/BatchForm";
import { BatchView } from "./batch/BatchView";
import { useBatch } from "./batch/useBatch";
import { useFocusOnView } from "./frame/useFocusKept";
import { PairForm } from "./pair/PairForm";
import { usePair } from "./pair/usePair";
import { RecentList } from "./recent/RecentList";
import { RegistrationView } from "./result/RegistrationView";
import { SeriesList } from "./series/SeriesList";
import { SeriesView } from "./series/SeriesView";
import { ADMINISTRATION, NETWORKS, SERIES_LIST, batchHref, open, useAddress } from "./url";

const Networks = lazy(() => import("./networks/Networks")); // of staff

const DriftNotice = lazy(() => import("./frame/DriftNotice")); // most instruments do not change

/** Everything that belongs to one instrument; mounted anew for another one. */
export function Workspace() {
  const address = useAddress();
  const [page, registration, batch] = ["page", "registration", "batch"].map((key) => address.get(key));
  const pair = usePair(); // kept here, so that the chosen images survive a visit to a result
  const many = useBatch();
  const recent = useRecentRegistrations();
  const series = address.get("series");
  useFocusOnView(`${page} ${registration} ${batch} ${series}`);
  if (page === ADMINISTRATION) return <Administration />;
  if (page === SERIES_LIST) return <SeriesList />;
  if (page === NETWORKS)
    return (
      <Suspense>
        <Networks />
      </Suspense>
    );
  if (series) return <SeriesView key={series} id={series} />;
  return (
    <>
      <Suspense>
        <DriftNotice />
      </Suspense>
      {registration ? (
        <RegistrationView key={registration} id={registration} onChanged={recent.refresh} />
      ) : batch ? (
        <BatchView key={batch} id={batch} />
      ) : many.files.length > 0 ? (
        <BatchForm many={many} onSubmitted={(id) => open(batchHref(id))} />
      ) : (
        <PairForm pair={pair} onMany={many.add} onSubmitted={recent.refresh} />
      )}
      <RecentList recent={recent} open={registration ?? null} />
    </>
  );
}
