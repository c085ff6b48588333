const SLOW_MS = 25; // frame interval above which motion is not smooth
const SLOW_FRAMES = 2; // successive slow frames that count as slow
const MOTION_END_MS = 150; // time without a new frame after which the motion has ended

/** Measures the frame rate during motion; `coarse` is true while the browser cannot keep up. */
export class FrameRateMonitor {
  coarse = false;
  private slow = 0;
  private measuring = false;
  private timer = 0;

  constructor(private readonly onMotionEnd: () => void) {}

  /** Call this for every drawing during a motion. */
  recordFrame(): void {
    window.clearTimeout(this.timer);
    if (this.measuring) return;
    this.measuring = true;
    window.requestAnimationFrame((one) => window.requestAnimationFrame((next) => this.evaluate(next - one)));
  }

  stop(): void {
    window.clearTimeout(this.timer);
  }

  private evaluate(frame: number): void {
    this.measuring = false;
    this.slow = frame > SLOW_MS ? this.slow + 1 : 0;
    if (this.slow >= SLOW_FRAMES) this.coarse = true;
    this.timer = window.setTimeout(() => this.endMotion(), Math.max(MOTION_END_MS, 3 * frame));
  }

  private endMotion(): void {
    const was = this.coarse;
    this.coarse = false;
    this.slow = 0;
    if (was) this.onMotionEnd();
  }
}
