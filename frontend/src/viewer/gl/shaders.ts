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
uniform sampler2D fixedLayer, movingLayer, tables;
uniform vec3 fixedColour, movingColour;
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

vec4 tinted(vec2 one, float row) {
  vec3 shown = texture(tables, vec2((one.x * 255.0 + 0.5) / 256.0, row)).rgb;
  return vec4(shown * one.y, one.y);
}
vec4 first(vec2 one) { return tinted(one, 0.25); }
vec4 second(vec2 one) { return tinted(one, 0.75); }

void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  if (mode == 5) {
    bool left = at.x * 2 < int(size.x);
    ivec2 from = ivec2(at.x + int(size.x) / 4 * (left ? 1 : -1), at.y);
    colour = left ? first(seen(fixedLayer, fixedTone, from)) : second(seen(movingLayer, movingTone, from));
    return;
  }
  vec2 below = seen(fixedLayer, fixedTone, at), above = seen(movingLayer, movingTone, at);
  if (mode == 0) {
    float share = amount * above.y;
    colour = first(below) * (1.0 - share) + second(above) * share;
  } else if (mode == 1) {
    colour = gl_FragCoord.x < amount * size.x ? first(below) : second(above);
  } else if (mode == 2) {
    vec2 cell = floor(vec2(gl_FragCoord.x, size.y - gl_FragCoord.y) / (amount * density));
    colour = mod(cell.x + cell.y, 2.0) < 0.5 ? first(below) : second(above);
  } else if (mode == 3) {
    vec3 one = fixedColour * below.x * below.y * min(1.0, 2.0 - 2.0 * amount);
    vec3 other = movingColour * above.x * above.y * min(1.0, 2.0 * amount);
    colour = vec4(min(one + other, 1.0), max(below.y, above.y));
  } else {
    float both = below.y * above.y;
    colour = vec4(vec3(min(1.0, abs(below.x - above.x) * amount)) * both, both);
  }
}`;
