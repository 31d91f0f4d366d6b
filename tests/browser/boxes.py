"""What a reader sees cut off or written over, found by comparing boxes."""

from __future__ import annotations

BOXES = """() => {
  const found = [], seen = [];
  const say = (what, one, text) => {
    const around = one.closest('figure, section, header, nav, footer, main');
    const where = (around && (around.id || around.className)) || '';
    found.push(`${what} ${where}: ${text.slice(0, 60)}`);
  };
  const shows = (one) => one.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  if (document.documentElement.scrollWidth > innerWidth) {
    found.push(`page: ${document.documentElement.scrollWidth} wide`);
  }
  for (const drawing of document.querySelectorAll('.drawing svg')) {
    const box = drawing.getBoundingClientRect();
    if (box.width && (box.right > innerWidth + 1 || box.left < -1)) say('wide', drawing, '');
  }
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, own = node.parentElement, text = node.textContent.trim();
    if (!text || own.closest('script, style, title, .vh, .skip, select') || !shows(own)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const drawing = own.closest('svg'), edge = drawing && drawing.getBoundingClientRect();
    const scroll = own.closest('.scroll, .contents');
    const slant = /rotate/.test(own.getAttribute('transform') || '') ? 'slanted' : 'level';
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      if (edge && (box.left < edge.left - 1.5 || box.right > edge.right + 1.5
          || box.top < edge.top - 1.5 || box.bottom > edge.bottom + 1.5)) say('cut', own, text);
      if (!scroll && (box.left < -1 || box.right > innerWidth + 1)) say('off', own, text);
      if (!own.closest('.contents')) seen.push([box, own, text, drawing, slant]);
    }
    const style = getComputedStyle(own);
    if (!drawing && style.overflowX === 'hidden' && own.scrollWidth > own.clientWidth + 1
        && own.clientWidth > 0) say('clipped', own, text);
  }
  seen.sort((a, b) => a[0].top - b[0].top);
  for (let i = 0; i < seen.length; i++) {
    const [a, own, text, drawing, slant] = seen[i];
    const by = drawing ? 0.4 * a.height : 3;
    for (let j = i + 1; j < seen.length && seen[j][0].top < a.bottom - by; j++) {
      const [b, other, also, within, like] = seen[j];
      if (drawing !== within || own === other || slant + like !== 'levellevel') continue;
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 3 && high > by) say('over', own, `${text} | ${also}`);
    }
  }
  return [...new Set(found)];
}"""
"""What of a page is wider than the screen, cut off, or written over other text; nothing where all
is well. Tables and the list of contents scroll by themselves; boxes of slanted texts are wider than
their letters.
"""
