/**
 * Return a function that calls `work` once the caller has been quiet for some time; for search as you type.
 */
export function debounce(work, milliseconds) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...args), milliseconds);
  };
}

/** Call `work` at most once in an interval, no matter how often it is triggered. */
export function throttle(work, milliseconds) {
  let last = -Infinity;
  return (...args) => {
    const now = Date.now();
    if (now - last >= milliseconds) {
      last = now;
      work(...args);
    }
  };
}

export class Toast {
  constructor(element) {
    this.element = element;
  }

  /** Show a notice for a few seconds. */
  show(message, seconds = 4) {
    this.element.textContent = message;
    this.element.hidden = false;
    setTimeout(() => this.hide(), seconds * 1000);
  }

  hide() {
    this.element.hidden = true;
  }
}
