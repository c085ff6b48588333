import type { MouseEvent, ReactNode } from "react";
import { open } from "../url";

interface Props {
  href: string; // within this page
  className?: string;
  label?: string;
  current?: boolean;
  children: ReactNode;
}

/** A link that changes the view without reloading; middle click and "copy address" work as for any link. */
export function LocalLink({ href, className, label, current, children }: Props) {
  function follow(event: MouseEvent): void {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(href);
  }
  return (
    <a
      href={href}
      className={className}
      aria-label={label}
      aria-current={current ? "true" : undefined}
      onClick={follow}
    >
      {children}
    </a>
  );
}
