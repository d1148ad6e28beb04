// Runs in the browser: shows /swagger/json with Swagger UI, asking for the client key if one is set.
// The key stays in this page's memory: never in a URL, a cookie or the browser's storage.

const form = document.querySelector('#key-form')
const message = document.querySelector('#message')
let key = ''

function withKey(headers) {
  return key === '' ? headers : { ...headers, 'x-api-key': key }
}

function show(spec) {
  form.hidden = true
  message.textContent = ''
  window.SwaggerUIBundle({
    spec,
    dom_id: '#swagger-ui',
    deepLinking: true,
    validatorUrl: null,
    requestInterceptor: (request) => {
      request.headers = { ...withKey({}), ...request.headers }
      return request
    },
  })
}

async function load() {
  const response = await fetch('/swagger/json', { headers: withKey({}), credentials: 'omit' })
  if (response.ok) return show(await response.json())
  form.hidden = response.status !== 401
  const refused = key === '' ? 'This ccproxy asks for its client key.' : 'That key was refused.'
  message.textContent =
    response.status === 401 ? refused : `Cannot load /swagger/json: HTTP ${response.status}`
}

function fail(error) {
  message.textContent = `Cannot load /swagger/json: ${error.message}`
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  key = form.elements.key.value.trim()
  load().catch(fail)
})
load().catch(fail)
