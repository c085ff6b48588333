const SLOW_MS = 25; // from frame to frame; a motion is no longer smooth then
const SURE = 2; // slow frames after each other, so that a single hitch changes nothing
const RESTED_MS = 150; // after a frame that nothing followed; longer where frames take longer

/** Watches whether the browser keeps up with what is drawn: `coarse` while it does not and the picture moves. */
export class Pace {
  coarse = false;
  private slow = 0;
  private watching = false;
  private timer = 0;

  constructor(private readonly onRest: () => void) {}

  /** To be called with every drawing of a motion. */
  note(): void {
    window.clearTimeout(this.timer);
    if (this.watching) return;
    this.watching = true;
    window.requestAnimationFrame((one) => window.requestAnimationFrame((next) => this.judge(next - one)));
  }

  stop(): void {
    window.clearTimeout(this.timer);
  }

  private judge(frame: number): void {
    this.watching = false;
    this.slow = frame > SLOW_MS ? this.slow + 1 : 0;
    if (this.slow >= SURE) this.coarse = true;
    this.timer = window.setTimeout(() => this.rest(), Math.max(RESTED_MS, 3 * frame));
  }

  private rest(): void {
    const was = this.coarse;
    this.coarse = false;
    this.slow = 0;
    if (was) this.onRest();
  }
}
