#ifndef HEADER_H
#define HEADER_H

namespace app {
class Engine {
 public:
  /** Starts. */
  void start(int speed);
};
}

#endif
