import { createRegistration } from "../api/client";
import type { NewRegistration, Registration } from "../api/types";

/** Submit the same images with the same settings, except for those in `changes`. */
export function registerAgain(
  { fixed_image_id, moving_image_id, settings }: Registration,
  changes: Partial<NewRegistration> = {},
): Promise<Registration> {
  return createRegistration({ fixed_image_id, moving_image_id, ...settings, ...changes });
}
