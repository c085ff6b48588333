/** Draws one picture (preview or tile) of one image at its position: grey value in red, coverage in green. */
export const PLACE_VERTEX = `#version 300 es
uniform mat3 clipFromPicture;
out vec2 at;
void main() {
  at = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  gl_Position = vec4((clipFromPicture * vec3(at, 1.0)).xy, 0.0, 1.0);
}`;

export const PLACE_FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D picture;
in vec2 at;
out vec4 layer;
void main() { layer = vec4(texture(picture, at).r, 1.0, 0.0, 1.0); }`;

export const COMPOSE_VERTEX = `#version 300 es
void main() {
  vec2 at = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  gl_Position = vec4(2.0 * at - 1.0, 0.0, 1.0);
}`;

/** Applies the tone curves to both layers and composes them (mode numbers as in modes.ts). */
export const COMPOSE_FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D fixedLayer, movingLayer;
uniform vec4 fixedTone, movingTone;
uniform vec2 size;
uniform float density; // canvas px per CSS px
uniform int mode;
uniform float amount; // depends on the mode: a fraction, CSS px, or a factor
out vec4 colour;

vec2 seen(sampler2D layer, vec4 tone, ivec2 at) {
  vec2 found = texelFetch(layer, at, 0).rg;
  float value = pow(clamp((found.r - tone.x) * tone.y, 0.0, 1.0), tone.z);
  return vec2(mix(value, 1.0 - value, tone.w), found.g);
}

vec4 grey(vec2 one) { return vec4(vec3(one.x * one.y), one.y); }

void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  if (mode == 5) {
    bool left = at.x * 2 < int(size.x);
    ivec2 from = ivec2(at.x + int(size.x) / 4 * (left ? 1 : -1), at.y);
    colour = grey(left ? seen(fixedLayer, fixedTone, from) : seen(movingLayer, movingTone, from));
    return;
  }
  vec2 below = seen(fixedLayer, fixedTone, at), above = seen(movingLayer, movingTone, at);
  if (mode == 0) {
    float share = amount * above.y;
    colour = grey(below) * (1.0 - share) + grey(above) * share;
  } else if (mode == 1) {
    colour = grey(gl_FragCoord.x < amount * size.x ? below : above);
  } else if (mode == 2) {
    vec2 cell = floor(vec2(gl_FragCoord.x, size.y - gl_FragCoord.y) / (amount * density));
    colour = grey(mod(cell.x + cell.y, 2.0) < 0.5 ? below : above);
  } else if (mode == 3) {
    float magenta = below.x * below.y * min(1.0, 2.0 - 2.0 * amount);
    float green = above.x * above.y * min(1.0, 2.0 * amount);
    colour = vec4(magenta, green, magenta, max(below.y, above.y));
  } else {
    float both = below.y * above.y;
    colour = vec4(vec3(min(1.0, abs(below.x - above.x) * amount)) * both, both);
  }
}`;
