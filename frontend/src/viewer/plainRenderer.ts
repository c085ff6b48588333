import { coloured } from "../result/drawPictures";
import type { Layer, Scene } from "./gl/renderer";
import { COMPOSE } from "./modes";
import { paneShift } from "./panes";
import { COLOURS, type ColourKey } from "./tables";

/** Draws scenes without WebGL, more slowly and without contrast and lookup tables. */
export class PlainRenderer {
  private constructor(private readonly context: CanvasRenderingContext2D) {}

  static on(canvas: HTMLCanvasElement): PlainRenderer | null {
    const context = canvas.getContext("2d");
    return context && new PlainRenderer(context);
  }

  draw(scene: Scene): void {
    const { context } = this;
    const { size, compose, amount, fixed, moving } = scene;
    Object.assign(context.canvas, { width: size.width, height: size.height }); // clears it
    const inColours = compose === COMPOSE.colour;
    const [below, above] = [fixed, moving].map((layer) =>
      drawn(layer, inColours ? layer.colour : "white", size),
    );
    const part = (layer: HTMLCanvasElement, start: number, end: number, shift = 0) => {
      context.save();
      context.beginPath();
      context.rect(start * size.width, 0, (end - start) * size.width, size.height);
      context.clip();
      context.drawImage(layer, shift, 0);
      context.restore();
    };
    if (compose === COMPOSE.side) {
      part(below!, 0, 0.5, paneShift("fixed", size));
      part(above!, 0.5, 1, paneShift("moving", size));
    } else if (compose === COMPOSE.swipe || compose === COMPOSE.checkerboard) {
      part(below!, 0, 1);
      part(above!, compose === COMPOSE.swipe ? amount : 0.5, 1);
    } else {
      context.drawImage(below!, 0, 0);
      if (compose === COMPOSE.blend) context.globalAlpha = amount;
      else context.globalCompositeOperation = inColours ? "lighter" : "difference";
      context.drawImage(above!, 0, 0);
    }
  }
}

function drawn(layer: Layer, colour: ColourKey, size: Scene["size"]): HTMLCanvasElement {
  const css = `rgb(${COLOURS[colour].map((part) => 255 * part).join()})`;
  return coloured(layer.pictures, css, layer.canvasFromImage, size);
}
