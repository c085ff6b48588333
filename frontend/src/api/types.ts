/** Names for the generated types of the API (schema.d.ts). */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Image = Schemas["Image"];
export type ImageChoice = Schemas["ImageChoice"];
export type ImagePage = Schemas["ImagePage"];
export type DescribedImage = Schemas["RegisteredImage"];
export type Correction = Schemas["Correction"];
export type Corrections = Schemas["Corrections"];
export type PointMatch = Schemas["PointMatch"];
export type PointToMatch = Schemas["PointToMatch"];
export type ImageValues = Schemas["ImageValues"];
export type ValuesAt = Schemas["ValuesAt"];
export type Application = Schemas["Application"];
export type NewCorrection = Schemas["NewCorrection"];
export type NewBatch = Schemas["NewBatch"];
export type PairOfImages = Schemas["PairOfImages"];
export type Batch = Schemas["Batch"];

export type Review = Schemas["Review"];
export type NewReview = Schemas["NewReview"];
export type Place = Schemas["Place"];
export type SearchMap = Schemas["SearchMap"];
export type UsableAreas = Schemas["UsableAreas"];
export type UsableArea = Schemas["UsableArea"];
export type Mask = Schemas["Mask"];
export type Result = Schemas["Result"];
export type Failure = Schemas["Failure"];
export type Registration = Schemas["Registration"];
export type RegistrationList = Schemas["RegistrationPage"];
export type RegistrationUpdate = Partial<Schemas["RegistrationUpdate"]>;
export type NewRegistration = Schemas["NewRegistration"];
export type Mirror = Registration["settings"]["mirror"];
export type TransformModel = Result["transform_model"];
export type Series = Schemas["Series"];
export type SeriesFrame = Schemas["SeriesFrame"];
export type SeriesPage = Schemas["SeriesPage"];
export type FramePage = Schemas["FramePage"];
export type Drift = Schemas["Drift"];
export type Figures = Schemas["Usage"];
export type SignedIn = Schemas["Session"];
export type Service = Schemas["Service"];

export type State = Registration["state"];
export type Verdict = Result["verdict"];
export type Matrix3 = Result["fixed_from_moving"];
export type Point = Result["shift_px"];

/** Problem details (RFC 9457), as far as the page uses them. */
export type Problem = Pick<Schemas["Problem"], "type" | "title" | "status"> & { detail?: string };
