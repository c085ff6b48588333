import { createRegistration } from "../api/client";
import type { Registration } from "../api/types";

/** Submit the same images with the same settings. */
export function registerAgain({
  fixed_image_id,
  moving_image_id,
  settings,
}: Registration): Promise<Registration> {
  return createRegistration({ fixed_image_id, moving_image_id, ...settings });
}
