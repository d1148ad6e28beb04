/** A route as the framework lists it: its path may have `:name` and end with `*`. */
interface Route {
  readonly method: string
  readonly path: string
}

/** The methods that a path has among these routes, as `Allow` names them; undefined where there is no such path. */
export function allowedMethods(routes: readonly Route[], path: string): string | undefined {
  const methods = routes
    // What takes all methods hands on to routes of its own; who may GET may HEAD.
    .filter(({ method }) => method !== 'ALL' && method !== 'HEAD')
    .filter((route) => fits(route.path, path))
    .map(({ method }) => method)
  return methods.length === 0 ? undefined : [...new Set(methods)].join(', ')
}

function fits(pattern: string, path: string): boolean {
  const source = pattern.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+').replace(/\*$/, '.+')
  return new RegExp(`^${source}$`).test(path)
}
