import style from 'swagger-ui-dist/swagger-ui.css' with { type: 'file' }
import bundle from 'swagger-ui-dist/swagger-ui-bundle.js' with { type: 'file' }
import type { PageAsset } from '../page-asset.ts'
import script from './page.js' with { type: 'file' }

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ccproxy</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/swagger/assets/swagger-ui.css">
</head>
<body>
<div class="swagger-ui"><div class="wrapper">
<p id="message" role="status"></p>
<form id="key-form" hidden>
<input name="key" type="password" autocomplete="off" aria-label="Client key" placeholder="Client key" required>
<button class="btn" type="submit">Show</button>
</form>
</div></div>
<div id="swagger-ui"></div>
<script src="/swagger/assets/swagger-ui-bundle.js"></script>
<script src="/swagger/assets/page.js"></script>
</body>
</html>
`

/** The static files of the page by path. */
export const swaggerAssets: ReadonlyMap<string, PageAsset> = new Map([
  ['/swagger', { type: 'text/html; charset=utf-8', body: PAGE }],
  ['/swagger/assets/swagger-ui.css', { type: 'text/css; charset=utf-8', body: Bun.file(style) }],
  [
    '/swagger/assets/swagger-ui-bundle.js',
    { type: 'text/javascript; charset=utf-8', body: Bun.file(bundle) },
  ],
  ['/swagger/assets/page.js', { type: 'text/javascript; charset=utf-8', body: Bun.file(script) }],
])
