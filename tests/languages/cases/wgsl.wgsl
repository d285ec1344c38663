struct Ray { at: vec3f }
const PI = 3.14;
@group(0) @binding(0) var<uniform> light: vec3f;
// Shades a point.
@fragment
fn shade(@location(0) p: vec3f) -> vec4f {
  return vec4f(p, 1.0);
}
