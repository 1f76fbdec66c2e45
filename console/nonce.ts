// The page's policy lets in only styles that carry the nonce of its answer. Ant Design marks its own; this marks the few
// that its parts add by themselves, such as the one that measures scroll bars. Scripts gain nothing by it.
export const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''

const create = document.createElement.bind(document)
document.createElement = ((name: string, options?: ElementCreationOptions) => {
  const element = create(name, options)
  if (element instanceof HTMLStyleElement && nonce !== '') element.nonce = nonce
  return element
}) as typeof document.createElement
