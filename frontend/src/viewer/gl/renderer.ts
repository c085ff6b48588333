import type { Size } from "../geometry";
import { magnification } from "../geometry";
import type { Compose } from "../modes";
import { COLOURS, type ColourKey, type TableKey, tableOf } from "../tables";
import type { ToneCurve } from "../tones";
import type { CanvasSize } from "../useCanvasSize";
import type { Pictures } from "../usePictures";
import { Program } from "./program";
import { COMPOSE_FRAGMENT, COMPOSE_VERTEX, PLACE_FRAGMENT, PLACE_VERTEX } from "./shaders";
import { Textures } from "./textures";

export interface Layer extends Pictures {
  canvasFromImage: DOMMatrix;
  tone: ToneCurve;
  table: TableKey; // where the image is shown alone
  colour: ColourKey; // in the overlay of two colours
}

export interface Scene {
  size: CanvasSize;
  fixed: Layer;
  moving: Layer;
  compose: Compose;
  amount: number;
}

/** The same scene at a lower resolution, which takes less time to draw. */
export function coarser(scene: Scene): Scene {
  const size = {
    width: Math.ceil(scene.size.width * COARSER),
    height: Math.ceil(scene.size.height * COARSER),
    density: scene.size.density * COARSER,
  };
  const smaller = new DOMMatrix().scale(size.width / scene.size.width, size.height / scene.size.height);
  const laid = (layer: Layer) => ({ ...layer, canvasFromImage: smaller.multiply(layer.canvasFromImage) });
  return { ...scene, size, fixed: laid(scene.fixed), moving: laid(scene.moving) };
}

const COARSER = 0.5;
const COARSE_BELOW = 0.9; // picture px per canvas px; below it mipmaps prevent aliasing
const SHARP_FROM = 6; // canvas px per picture px; from here on pixels are drawn as squares

/** Draws scenes on one canvas: each image into a layer of the canvas size, then both layers composed. */
export class Renderer {
  private readonly place: Program;
  private readonly compose: Program;
  private readonly textures: Textures;
  private readonly layers: { texture: WebGLTexture; frame: WebGLFramebuffer }[];
  private readonly tables: WebGLTexture;
  private tableKeys = "";
  private size: Size = { width: 0, height: 0 };

  static on(canvas: HTMLCanvasElement): Renderer | null {
    const gl = canvas.getContext("webgl2", { antialias: false, depth: false, preserveDrawingBuffer: true });
    return gl && new Renderer(gl);
  }

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.place = new Program(gl, PLACE_VERTEX, PLACE_FRAGMENT);
    this.compose = new Program(gl, COMPOSE_VERTEX, COMPOSE_FRAGMENT);
    this.textures = new Textures(gl);
    this.tables = gl.createTexture();
    this.layers = [0, 1].map(() => ({ texture: gl.createTexture(), frame: gl.createFramebuffer() }));
  }

  draw(scene: Scene): void {
    this.resize(scene.size);
    [scene.fixed, scene.moving].forEach((layer, index) => this.drawLayer(layer, index));
    const { gl, compose } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    compose.use();
    this.layers.forEach(({ texture }, index) => {
      gl.activeTexture(gl.TEXTURE0 + index);
      gl.bindTexture(gl.TEXTURE_2D, texture);
    });
    gl.activeTexture(gl.TEXTURE2);
    this.bindTables(scene.fixed.table, scene.moving.table);
    gl.activeTexture(gl.TEXTURE0);
    compose.set("tables", (at) => gl.uniform1i(at, 2));
    compose.set("fixedColour", (at) => gl.uniform3fv(at, COLOURS[scene.fixed.colour]));
    compose.set("movingColour", (at) => gl.uniform3fv(at, COLOURS[scene.moving.colour]));
    compose.set("fixedLayer", (at) => gl.uniform1i(at, 0));
    compose.set("movingLayer", (at) => gl.uniform1i(at, 1));
    compose.set("fixedTone", (at) => gl.uniform4fv(at, scene.fixed.tone));
    compose.set("movingTone", (at) => gl.uniform4fv(at, scene.moving.tone));
    compose.set("size", (at) => gl.uniform2f(at, scene.size.width, scene.size.height));
    compose.set("density", (at) => gl.uniform1f(at, scene.size.density));
    compose.set("mode", (at) => gl.uniform1i(at, scene.compose));
    compose.set("amount", (at) => gl.uniform1f(at, scene.amount));
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    this.textures.keep(
      new Set([...scene.fixed.pictures, ...scene.moving.pictures].map(({ source }) => source)),
    );
  }

  private drawLayer({ pictures, canvasFromImage }: Layer, index: number): void {
    const { gl, place } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.layers[index]?.frame ?? null);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    place.use();
    place.set("picture", (at) => gl.uniform1i(at, 0));
    for (const { source, imageFromPicture } of pictures) {
      const canvasFromPicture = canvasFromImage.multiply(imageFromPicture);
      const zoom = magnification(canvasFromPicture);
      this.textures.bind(source, zoom >= SHARP_FROM, zoom < COARSE_BELOW);
      const unit = canvasFromPicture.scale(source.naturalWidth, source.naturalHeight);
      place.set("clipFromPicture", (at) => gl.uniformMatrix3fv(at, false, clip(unit, this.size)));
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    }
  }

  /** Bind the lookup tables of both images, a row each. */
  private bindTables(fixed: TableKey, moving: TableKey): void {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.tables);
    if (this.tableKeys === fixed + moving) return;
    this.tableKeys = fixed + moving;
    const rows = new Uint8Array([...tableOf(fixed), ...tableOf(moving)]);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 2, 0, gl.RGBA, gl.UNSIGNED_BYTE, rows);
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(gl.TEXTURE_2D, side, gl.LINEAR);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T])
      gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
  }

  private resize(size: Size): void {
    const { gl } = this;
    if (size.width === this.size.width && size.height === this.size.height) return;
    this.size = size;
    Object.assign(gl.canvas, { width: size.width, height: size.height });
    gl.viewport(0, 0, size.width, size.height);
    for (const { texture, frame } of this.layers) {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RG8, size.width, size.height, 0, gl.RG, gl.UNSIGNED_BYTE, null);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    }
  }
}

/** From canvas px (y down) to clip space (y up), in column-major order. */
function clip({ a, b, c, d, e, f }: DOMMatrix, { width, height }: Size): Float32Array {
  const [x, y] = [2 / width, -2 / height];
  return new Float32Array([a * x, b * y, 0, c * x, d * y, 0, e * x - 1, f * y + 1, 1]);
}
