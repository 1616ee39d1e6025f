'use strict';
(function () {
  var body = document.body, live = document.getElementById('live'), lost = document.getElementById('lost');
  // How far the clock of what is shown is ahead of that of this browser, and when it spoke last.
  var ahead = Number(body.dataset.now) - Date.now(), heard = Date.now(), connected = false;
  // failmon says something each five seconds.
  var SILENCE = 12000;

  function age(ms) {
    var s = Math.floor(Math.abs(ms) / 1000), m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
    var text = d ? d + 'd' + h % 24 + 'h' : h ? h + 'h' + m % 60 + 'm' : m ? m + 'm' + s % 60 + 's' : s + 's';
    return s === 0 ? 'now' : ms < 0 ? 'in ' + text : text + ' ago';
  }

  function ages(root) {
    var now = Date.now() + ahead;
    root.querySelectorAll('time[data-ago]').forEach(function (time) {
      // What is folded is not seen.
      var fold = time.closest('details:not([open])');
      if (fold && root === document) return;
      var text = age(now - Number(time.dataset.ago));
      if (time.textContent !== text) time.textContent = text;
    });
  }

  // The same element as it is now; what was unfolded, scrolled or had the focus stays so.
  function replace(id, html) {
    var old = document.getElementById(id), template = document.createElement('template');
    template.innerHTML = html;
    var element = template.content.firstElementChild;
    if (!old || !element) return;
    var folds = [old].concat(Array.from(old.querySelectorAll('details[id]')));
    var focused = old.contains(document.activeElement) ? document.activeElement : null;
    var summary = focused && focused.closest('summary') ? focused.parentElement.id : null;
    var href = focused && focused.getAttribute('href');
    var place = focused && focused.className === 'scroll' ? focused.getAttribute('aria-label') : null;
    var scrolled = Array.from(old.querySelectorAll('.scroll')).map(function (box) {
      return [box.getAttribute('aria-label'), box.scrollLeft];
    });
    ages(element);
    old.replaceWith(element);
    folds.forEach(function (fold) {
      var same = fold.id && document.getElementById(fold.id);
      if (same && same.tagName === 'DETAILS') same.open = fold.open;
    });
    element.querySelectorAll('.scroll').forEach(function (box) {
      scrolled.forEach(function (was) { if (was[0] === box.getAttribute('aria-label')) box.scrollLeft = was[1]; });
      if (place !== null && box.getAttribute('aria-label') === place) box.focus({ preventScroll: true });
    });
    if (summary) {
      var fold = document.getElementById(summary);
      if (fold && fold.firstElementChild) fold.firstElementChild.focus({ preventScroll: true });
    } else if (href) {
      element.querySelectorAll('a').forEach(function (a) {
        if (a.getAttribute('href') === href) a.focus({ preventScroll: true });
      });
    }
  }

  function look() {
    ages(document);
    var silent = Date.now() - heard, dead = !connected && silent > 2000 || silent > SILENCE;
    live.textContent = dead ? 'Not live.' : 'Live.';
    lost.hidden = !dead;
    if (dead) lost.textContent = 'failmon does not answer: everything here is as it was ' + age(silent) + '.';
  }

  // A place in a folded service.
  function unfold() {
    var to = location.hash && (document.getElementById(location.hash.slice(1)) ||
      document.getElementById(decodeURIComponent(location.hash.slice(1))));
    if (to && to.tagName === 'DETAILS') to.open = true;
  }

  var source = new EventSource('events?from=' + encodeURIComponent(body.dataset.from));
  source.onopen = function () { connected = true; };
  source.onerror = function () { connected = false; };
  source.addEventListener('parts', function (event) {
    var news = JSON.parse(event.data);
    connected = true;
    heard = Date.now();
    ahead = news.now - heard;
    news.parts.forEach(function (part) { replace(part[0], part[1]); });
    look();
  });
  // One that was told to go away does not try again by itself.
  setInterval(function () { if (source.readyState === 2) location.reload(); }, 15000);
  setInterval(look, 1000);
  addEventListener('hashchange', unfold);
  unfold();
  look();
})();
