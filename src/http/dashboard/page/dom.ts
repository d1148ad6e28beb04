/** What an element is made with; texts are set as text, never as markup. */
export interface Parts {
  readonly class?: string
  readonly title?: string
  readonly text?: string
  readonly attributes?: Readonly<Record<string, string>>
}

/** Makes an element. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { class: name, title, text, attributes = {} }: Parts = {},
  ...children: (Node | string | undefined)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  if (name !== undefined) element.className = name
  if (title !== undefined) element.title = title
  if (text !== undefined) element.textContent = text
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.append(...children.filter((child) => child !== undefined))
  return element
}

/** The element of the page with this id. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id)
  if (element instanceof kind) return element
  throw new Error(`The page has no ${kind.name} "${id}"`)
}

/** A group of buttons of which one is pressed. */
export interface Choice<Value extends string> {
  show(value: Value): void
}

/** Fills an element with buttons, one for each option. */
export function choice<Value extends string>(
  place: HTMLElement,
  options: ReadonlyMap<Value, string>,
  chosen: (value: Value) => void,
): Choice<Value> {
  const buttons = [...options].map(([value, text]) => {
    const button = make('button', { text, attributes: { type: 'button', 'data-value': value } })
    button.addEventListener('click', () => chosen(value))
    return { value, button }
  })
  place.replaceChildren(...buttons.map(({ button }) => button))
  return {
    show(value) {
      for (const one of buttons) {
        one.button.setAttribute('aria-pressed', String(one.value === value))
      }
    },
  }
}
