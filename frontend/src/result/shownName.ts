import type { Registration } from "../api/types";
import type { Role } from "../frame/RoleName";

/** The name of a file and, where it holds several images, that of the registered one. */
export function shownName(registration: Registration, role: Role): string {
  const name = registration[`${role}_name`];
  const selected = withoutReason(registration.result?.[role].selected ?? requested(registration, role));
  return selected === "" ? name : `${name}: ${selected}`;
}

/** "HAADF (the only image beside ...)" is shown as "HAADF". */
export function withoutReason(selected: string): string {
  return selected.replace(/ \((the|an?) .*\)$/, "");
}

function requested({ settings }: Registration, role: Role): string {
  const channel = settings[`${role}_channel`];
  const frame = settings[`${role}_frame`];
  return [channel === null ? "" : `image ${channel}`, frame === null ? "" : `frame ${frame}`]
    .filter((part) => part !== "")
    .join(", ");
}
