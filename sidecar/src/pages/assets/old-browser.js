/* Only browsers without modules run this. */
(function () {
  var message = document.getElementById('old-browser');
  if (message) {
    message.removeAttribute('hidden');
    message.parentNode.setAttribute('data-ready', 'true');
  }
})();
