import { matrixText } from "./geometry";
import { Renderer, type Scene, coarser } from "./gl/renderer";
import { FrameRateMonitor } from "./frameRate";
import { PlainRenderer } from "./plainRenderer";
import { isSmall } from "./usePreview";

/** Draws scenes on a canvas; on a slow machine a moving picture is drawn at a lower resolution until it stops. */
export class Drawing {
  private renderer: Renderer | PlainRenderer | null = null;
  private scene: Scene | null = null;
  private readonly frameRate = new FrameRateMonitor(() => this.draw());

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onSupported: (supported: boolean) => void,
  ) {
    this.start();
    canvas.addEventListener("webglcontextlost", this.handleContextLost);
    canvas.addEventListener("webglcontextrestored", this.start);
  }

  /** Draw the scene unless it looks the same as the current one. */
  show(scene: Scene): void {
    const before = this.scene;
    this.scene = scene;
    if (before && appearanceKey(before) === appearanceKey(scene)) return;
    if (before && positionKey(before) !== positionKey(scene)) this.frameRate.recordFrame(); // only a change of position counts as motion
    this.draw();
  }

  stop(): void {
    this.frameRate.stop();
    this.canvas.removeEventListener("webglcontextlost", this.handleContextLost);
    this.canvas.removeEventListener("webglcontextrestored", this.start);
  }

  private readonly start = () => {
    const renderer = Renderer.on(this.canvas);
    this.onSupported(renderer !== null);
    this.renderer = renderer ?? PlainRenderer.on(this.canvas);
    this.draw();
  };

  private readonly handleContextLost = (event: Event) => {
    event.preventDefault(); // required for the context to be restored
    this.renderer = null;
    delete this.canvas.dataset["drawn"];
  };

  private draw(): void {
    if (!this.scene || !this.renderer) return;
    this.renderer.draw(this.frameRate.coarse ? coarser(this.scene) : this.scene);
    this.canvas.dataset["drawn"] = this.frameRate.coarse || isPreliminary(this.scene) ? "coarse" : "fine";
  }
}

/** Whether small versions are drawn until the previews are loaded. */
function isPreliminary({ fixed, moving }: Scene): boolean {
  return [fixed, moving].some(({ pictures }) => pictures.some(({ source }) => isSmall(source)));
}

/** Everything that determines the appearance of a scene. */
function appearanceKey(scene: Scene): string {
  const { size, fixed, moving, compose, amount } = scene;
  const layers = [fixed, moving].map(({ pictures, tone, table, colour }) => [
    tone,
    table,
    colour,
    pictures.map(({ source }) => source.src),
  ]);
  return [positionKey(scene), size.width, size.height, size.density, compose, amount, layers].join();
}

/** The positions of both images. */
function positionKey({ fixed, moving }: Scene): string {
  return [fixed, moving].map(({ canvasFromImage }) => matrixText(canvasFromImage)).join();
}
