/** Line icons on a 20 x 20 grid; always next to text, therefore hidden from screen readers. */
const PATHS = {
  accept: "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15M6.5 10.2l2.4 2.4l4.6-5",
  review: "M10 3l7.5 13.5h-15zM10 8v4M10 14.2v.1",
  refuse: "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15M7.2 7.2l5.6 5.6M12.8 7.2l-5.6 5.6",
  warning: "M10 3l7.5 13.5h-15zM10 8v4M10 14.2v.1",
  corrected: "M4 16l.7-3.2L13 4.5l2.5 2.5l-8.3 8.3zM11.5 6L14 8.5",
  queued: "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15M10 5.8v4.4l2.8 1.8",
  running: "M16.8 10a6.8 6.8 0 1 1-2.1-4.9M15.2 2.4v3.1h-3.1",
  cancelled: "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15M6.5 10h7",
  image: "M3 4h14v12H3zM3 13l4-4l3.5 3.5l2.5-2.5l4 4M12.8 7.4v.1",
  swap: "M4 7h11M12 4l3 3l-3 3M16 13H5M8 10l-3 3l3 3",
  download: "M10 3v9M6.5 8.8L10 12.3l3.5-3.5M4 16.5h12",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" data-icon={name}>
      <path d={PATHS[name]} />
    </svg>
  );
}
