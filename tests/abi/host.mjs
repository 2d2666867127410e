// A host for the filter's Wasm module that is not Envoy: the part of the Proxy-Wasm ABI 0.2.1 that
// the filter uses, with every answer open to change. An import that is not known here answers as a
// host without that function would.

export const Status = { ok: 0, notFound: 1, badArgument: 2, internalFailure: 10, unimplemented: 12 };
export const Action = { continue: 0, pause: 1 };
const REQUEST_HEADERS = 0;
const CALL_HEADERS = 6;
const CALL_BODY = 4;
const PLUGIN_CONFIGURATION = 7;
export const ROOT = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One VM with the filter in it. */
export class Host {
  /** What the host knows: a test changes it as it likes. */
  world = {
    configuration: '{}',
    now: 1_800_000_000n,
    headers: [],
    properties: { 'xds\0cluster_name': 'app', 'source\0address': '127.0.0.1:5000' },
    /** Envoy's functions beyond the ABI: name to (bytes) => bytes. */
    foreign: {},
    /** What the sidecar answers. */
    answer: { headers: [[':status', '503']], body: '' },
  };
  logs = [];
  /** The answers that the filter gave in the application's place: their statuses. */
  answers = [];
  /** Calls of the filter's that have no answer yet. */
  calls = [];
  /** The context that the filter says it acts for, and those whose requests it has let go on. */
  actsFor;
  continued = [];
  #calls = 0;
  #contexts = ROOT;
  #metrics = 0;

  /**
   * `disturb(host, name, values)` comes before each call: where it gives a status, that is the
   * host's answer.
   */
  constructor(module, disturb = () => undefined) {
    this.disturb = disturb;
    const imports = {};
    for (const { module: space, name } of WebAssembly.Module.imports(module)) {
      imports[space] ??= {};
      imports[space][name] = (...values) =>
        this.disturb(this, name, values) ?? this[name]?.(...values) ?? Status.unimplemented;
    }
    this.exports = new WebAssembly.Instance(module, imports).exports;
    this.exports._initialize();
    this.exports.proxy_on_context_create(ROOT, 0);
  }

  /** Gives the filter its configuration; whether it takes it. */
  configure(configuration, root = ROOT) {
    this.world.configuration = JSON.stringify(configuration);
    const size = encoder.encode(this.world.configuration).length;
    return this.exports.proxy_on_configure(root, size) === 1;
  }

  /** One more plugin in this VM; its root context. */
  plugin(configuration) {
    const root = ++this.#contexts;
    this.exports.proxy_on_context_create(root, 0);
    return this.configure(configuration, root) ? root : undefined;
  }

  tick() {
    this.exports.proxy_on_tick(ROOT);
  }

  /** Answers the call that has waited longest, with as many headers and bytes as are said. */
  answerCall(headers, bytes, context = ROOT) {
    const call = this.calls.shift();
    if (call === undefined) return;
    this.exports.proxy_on_http_call_response(context, call, headers, bytes, 0);
  }

  /** Sends a request: what the filter does with it, and the status of its own answer, if any. */
  request(headers, { trailers = false, response = false, root = ROOT } = {}) {
    const { context, action } = this.begin(headers, root);
    if (trailers) this.exports.proxy_on_request_trailers(context, 1);
    if (response) this.exports.proxy_on_response_headers(context, 1, 1);
    const changed = this.world.headers;
    this.exports.proxy_on_delete(context);
    return { action, status: this.answers[0], headers: changed };
  }

  /** Begins a request and leaves it open. */
  begin(headers, root = ROOT) {
    this.world.headers = headers;
    this.answers = [];
    const context = ++this.#contexts;
    this.exports.proxy_on_context_create(context, root);
    return { context, action: this.exports.proxy_on_request_headers(context, headers.length, 1) };
  }

  get memoryBytes() {
    return this.exports.memory.buffer.byteLength;
  }

  text(pointer, size) {
    return decoder.decode(this.bytes(pointer, size));
  }

  bytes(pointer, size) {
    return new Uint8Array(this.exports.memory.buffer, pointer, size).slice();
  }

  /** Puts bytes where the filter asked for them. */
  give(bytes, pointerTo, sizeTo) {
    const pointer = bytes.length === 0 ? 0 : this.exports.proxy_on_memory_allocate(bytes.length);
    new Uint8Array(this.exports.memory.buffer, pointer, bytes.length).set(bytes);
    this.#view().setUint32(pointerTo, pointer, true);
    this.#view().setUint32(sizeTo, bytes.length, true);
    return Status.ok;
  }

  #view() {
    return new DataView(this.exports.memory.buffer);
  }

  // What the filter calls, under its names.

  proxy_log(_level, pointer, size) {
    this.logs.push(this.text(pointer, size));
    return Status.ok;
  }

  proxy_get_current_time_nanoseconds(to) {
    this.#view().setBigUint64(to, this.world.now * 1_000_000_000n, true);
    return Status.ok;
  }

  proxy_set_tick_period_milliseconds() {
    return Status.ok;
  }

  random_get(pointer, size) {
    crypto.getRandomValues(new Uint8Array(this.exports.memory.buffer, pointer, size));
    return Status.ok;
  }

  proxy_define_metric(_kind, _name, _size, to) {
    this.#view().setUint32(to, ++this.#metrics, true);
    return Status.ok;
  }

  proxy_increment_metric() {
    return Status.ok;
  }

  proxy_record_metric() {
    return Status.ok;
  }

  proxy_get_buffer_bytes(kind, start, most, pointerTo, sizeTo) {
    const { configuration, answer } = this.world;
    const text = { [CALL_BODY]: answer.body, [PLUGIN_CONFIGURATION]: configuration }[kind];
    if (text === undefined) return Status.notFound;
    const bytes = encoder.encode(text).slice(start, start + most);
    return this.give(bytes, pointerTo, sizeTo);
  }

  proxy_get_header_map_pairs(map, pointerTo, sizeTo) {
    const headers = map === CALL_HEADERS ? this.world.answer.headers : this.world.headers;
    return this.give(serialised(headers), pointerTo, sizeTo);
  }

  proxy_get_header_map_value(map, name, size, pointerTo, sizeTo) {
    const wanted = this.text(name, size);
    const found = map === REQUEST_HEADERS && this.world.headers.find(([known]) => known === wanted);
    return found ? this.give(bytesOf(found[1]), pointerTo, sizeTo) : Status.notFound;
  }

  proxy_add_header_map_value(_map, name, nameSize, value, valueSize) {
    this.world.headers.push([this.text(name, nameSize), this.text(value, valueSize)]);
    return Status.ok;
  }

  proxy_replace_header_map_value(map, name, nameSize, value, valueSize) {
    this.proxy_remove_header_map_value(map, name, nameSize);
    return this.proxy_add_header_map_value(map, name, nameSize, value, valueSize);
  }

  proxy_remove_header_map_value(_map, name, size) {
    const unwanted = this.text(name, size);
    this.world.headers = this.world.headers.filter(([known]) => known !== unwanted);
    return Status.ok;
  }

  proxy_get_property(path, size, pointerTo, sizeTo) {
    const value = this.world.properties[this.text(path, size)];
    return value === undefined ? Status.notFound : this.give(bytesOf(value), pointerTo, sizeTo);
  }

  proxy_send_local_response(status) {
    this.answers.push(status);
    return Status.ok;
  }

  proxy_call_foreign_function(name, nameSize, argument, argumentSize, pointerTo, sizeTo) {
    const call = this.world.foreign[this.text(name, nameSize)];
    if (!call) return Status.notFound;
    return this.give(call(this.bytes(argument, argumentSize)), pointerTo, sizeTo);
  }

  proxy_http_call(...values) {
    this.#view().setUint32(values.at(-1), ++this.#calls, true);
    this.calls.push(this.#calls);
    return Status.ok;
  }

  proxy_set_effective_context(context) {
    this.actsFor = context;
    return Status.ok;
  }

  proxy_continue_stream() {
    this.continued.push(this.actsFor);
    return Status.ok;
  }

  proxy_close_stream() {
    return Status.ok;
  }

  // What the standard library calls before it stops, to say why.

  environ_sizes_get(count, size) {
    this.#view().setUint32(count, 0, true);
    this.#view().setUint32(size, 0, true);
    return Status.ok;
  }

  environ_get() {
    return Status.ok;
  }

  fd_write(_file, vectors, count, to) {
    let written = 0;
    for (let at = vectors; at < vectors + 8 * count; at += 8) {
      const [pointer, size] = [this.#view().getUint32(at, true), this.#view().getUint32(at + 4, true)];
      this.logs.push(this.text(pointer, size));
      written += size;
    }
    this.#view().setUint32(to, written, true);
    return Status.ok;
  }
}

function bytesOf(text) {
  return typeof text === 'string' ? encoder.encode(text) : text;
}

/** Headers in the form in which host and filter exchange them. */
function serialised(pairs) {
  const texts = pairs.flat().map(bytesOf);
  const bytes = new Uint8Array(4 + texts.reduce((sum, text) => sum + 4 + text.length + 1, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, pairs.length, true);
  let at = 4 + 4 * texts.length;
  texts.forEach((text, index) => {
    view.setUint32(4 + 4 * index, text.length, true);
    bytes.set(text, at);
    at += text.length + 1;
  });
  return bytes;
}
