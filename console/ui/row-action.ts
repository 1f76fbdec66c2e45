/** An action of a row is a link, which begins where the head of its column does: a table of buttons is all buttons. */
export const rowAction = { type: 'link', size: 'small', style: { paddingInline: 0 } } as const
