#version 330 core
#define PI 3.14
#define SQR(x) ((x) * (x))
uniform vec3 light;
layout(location = 0) out vec4 colour;
struct Ray { vec3 at; };
float noise(vec2 p);
// Shades a point.
vec3 shade(in vec3 p, float k)
{
  if (k > 0.0) { return p; }
  return noise(p.xy) * p;
}
void main() { colour = vec4(shade(light, 1.0), 1.0); }
