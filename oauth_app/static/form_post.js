// Sends the answer on its way at once; without JavaScript the person presses the button.
document.getElementById("answer").submit();
