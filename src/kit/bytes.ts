/** The bytes of two pieces in a row; copies. */
export function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right
  const whole = new Uint8Array(left.length + right.length)
  whole.set(left, 0)
  whole.set(right, left.length)
  return whole
}

/** The bytes as a Buffer without copying, for its native searches. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
