'use strict'

/*!
 * express-like
 * Copyright(c) 2026 Somebody
 */

/**
 * What the module does.
 */

var a = require('a');

/**
 * Create an application.
 *
 * @return {Function}
 */
exports = module.exports = function createApplication() {
  return function app(req) {};
};

// Handles a request.
app.handle = function handle(req, res) {
  function done() {}
  res.on('end', function onEnd() {});
};

View.prototype.lookup = (name) => name;
exports['x-y'] = async () => 1;

export default class Router extends Base {
  #secret = 1;
  static create = () => new Router();
  constructor() { super(); }
  /** The size. */
  get size() { return 1; }
  *items() {}
  #hidden() {}
  [Symbol.iterator]() {}
}

export const fetchAll = async (urls, { retries = 3 } = {}) => {
  const names = urls.map((url) => url.name);
};

const Button = memo(forwardRef(() => null)), other = debounce(() => 1);

const api = {
  list: () => [],
  'get it': function () {},
  save(x) {},
  query: procedure.input(1).query(async () => 2),
};

const cache = (function () { return {}; })();

function* numbers() {}

describe('cache', () => {
  it.only('stores', async () => {});
  test.each([1])('adds %i', function () {});
});
