import type { Registration } from "../api/types";
import type { Role } from "../frame/RoleName";
import { queryOf } from "../pair/choice";
import type { ImageSource } from "./tiles";

/** The image of an uploaded file that was registered. */
export function sourceOf(registration: Registration, role: Role): ImageSource {
  const { settings } = registration;
  const channel = settings[`${role}_channel`];
  const query = new URLSearchParams(queryOf({ channel: null, frame: settings[`${role}_frame`] }));
  if (channel !== null) query.set("channel", channel);
  return { id: registration[`${role}_image_id`], query: query.size > 0 ? `?${query}` : "" };
}
