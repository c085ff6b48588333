/** Textures of pictures, created when a picture is first drawn. */
export class Textures {
  private readonly made = new Map<HTMLImageElement, WebGLTexture>();

  private readonly coarsened = new WeakSet<WebGLTexture>();

  constructor(private readonly gl: WebGL2RenderingContext) {}

  bind(picture: HTMLImageElement, sharp: boolean, coarse: boolean): void {
    const { gl } = this;
    let texture = this.made.get(picture);
    if (texture) gl.bindTexture(gl.TEXTURE_2D, texture);
    else texture = this.make(picture);
    if (coarse && !this.coarsened.has(texture)) {
      gl.generateMipmap(gl.TEXTURE_2D);
      this.coarsened.add(texture);
    }
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, coarse ? gl.LINEAR_MIPMAP_LINEAR : gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, sharp ? gl.NEAREST : gl.LINEAR);
  }

  /** Delete the textures of all other pictures. */
  keep(pictures: Set<HTMLImageElement>): void {
    for (const [picture, texture] of this.made) {
      if (pictures.has(picture)) continue;
      this.gl.deleteTexture(texture);
      this.made.delete(picture);
    }
  }

  private make(picture: HTMLImageElement): WebGLTexture {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, gl.RED, gl.UNSIGNED_BYTE, picture);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    this.made.set(picture, texture);
    return texture;
  }
}
