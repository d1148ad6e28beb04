/** One static file of a page. */
export interface PageAsset {
  readonly type: string
  /** The content, or the file that holds it: beside the source, or inside the binary. */
  readonly body: string | Blob
}

/** A reply with one of a page's static files, by path, under the page's policy. */
export function pageAsset(
  assets: ReadonlyMap<string, PageAsset>,
  path: string,
  policy: readonly string[],
): Response {
  const asset = assets.get(path)
  if (asset === undefined) throw new Error(`No asset is known for "${path}"`)
  return new Response(asset.body, {
    headers: {
      'content-type': asset.type,
      'content-security-policy': policy.join('; '),
      'cache-control': 'no-cache',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}
