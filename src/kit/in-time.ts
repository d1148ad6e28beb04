/** What a promise gives, or the error of `late` where it takes longer than `ms`. */
export async function inTime<Value>(
  promise: Promise<Value>,
  ms: number,
  late: () => Error,
): Promise<Value> {
  const over = Promise.withResolvers<never>()
  const timer = setTimeout(() => over.reject(late()), ms)
  return Promise.race([promise, over.promise]).finally(() => clearTimeout(timer))
}
