import { matrixText } from "./geometry";
import { Renderer, type Scene, coarser } from "./gl/renderer";
import { Pace } from "./pace";

/** What is drawn on a canvas; where the machine does not keep up, a picture that moves is drawn coarser until it rests. */
export class Drawing {
  private renderer: Renderer | null = null;
  private scene: Scene | null = null;
  private readonly pace = new Pace(() => this.draw());

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onAble: (able: boolean) => void,
  ) {
    this.start();
    canvas.addEventListener("webglcontextlost", this.lose);
    canvas.addEventListener("webglcontextrestored", this.start);
  }

  /** Draws it, unless it looks as what is there already. */
  show(scene: Scene): void {
    const before = this.scene;
    this.scene = scene;
    if (before && look(before) === look(scene)) return;
    if (before && place(before) !== place(scene)) this.pace.note(); // it moves; to look otherwise is no motion
    this.draw();
  }

  stop(): void {
    this.pace.stop();
    this.canvas.removeEventListener("webglcontextlost", this.lose);
    this.canvas.removeEventListener("webglcontextrestored", this.start);
  }

  private readonly start = () => {
    this.renderer = Renderer.on(this.canvas);
    this.onAble(this.renderer !== null);
    this.draw();
  };

  private readonly lose = (event: Event) => {
    event.preventDefault(); // so that it is given back
    this.renderer = null;
    delete this.canvas.dataset["drawn"];
  };

  private draw(): void {
    if (!this.scene || !this.renderer) return;
    this.renderer.draw(this.pace.coarse ? coarser(this.scene) : this.scene);
    this.canvas.dataset["drawn"] = this.pace.coarse ? "coarse" : "fine";
  }
}

/** All that decides how a scene looks. */
function look(scene: Scene): string {
  const { size, fixed, moving, compose, amount } = scene;
  const layers = [fixed, moving].map(({ pictures, tone }) => [tone, pictures.map(({ source }) => source.src)]);
  return [place(scene), size.width, size.height, size.density, compose, amount, layers].join();
}

/** Where its images lie. */
function place({ fixed, moving }: Scene): string {
  return [fixed, moving].map(({ canvasFromImage }) => matrixText(canvasFromImage)).join();
}
