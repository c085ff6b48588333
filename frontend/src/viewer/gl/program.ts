type Setter = (location: WebGLUniformLocation) => void;

/** A compiled shader program with its uniforms by name. */
export class Program {
  private readonly handle: WebGLProgram;
  private readonly locations = new Map<string, WebGLUniformLocation | null>();

  constructor(
    private readonly gl: WebGL2RenderingContext,
    vertex: string,
    fragment: string,
  ) {
    this.handle = gl.createProgram();
    gl.attachShader(this.handle, shader(gl, gl.VERTEX_SHADER, vertex));
    gl.attachShader(this.handle, shader(gl, gl.FRAGMENT_SHADER, fragment));
    gl.linkProgram(this.handle);
    if (!gl.getProgramParameter(this.handle, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getProgramInfoLog(this.handle) ?? "The shaders cannot be linked.");
    }
  }

  use(): void {
    this.gl.useProgram(this.handle);
  }

  set(name: string, setter: Setter): void {
    if (!this.locations.has(name)) this.locations.set(name, this.gl.getUniformLocation(this.handle, name));
    const location = this.locations.get(name);
    if (location) setter(location);
  }
}

function shader(gl: WebGL2RenderingContext, kind: number, source: string): WebGLShader {
  const made = gl.createShader(kind);
  if (!made) throw new Error("The browser cannot create a shader.");
  gl.shaderSource(made, source);
  gl.compileShader(made);
  if (!gl.getShaderParameter(made, gl.COMPILE_STATUS) && !gl.isContextLost()) {
    throw new Error(gl.getShaderInfoLog(made) ?? "A shader cannot be compiled.");
  }
  return made;
}
