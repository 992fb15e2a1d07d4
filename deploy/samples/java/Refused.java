/** Its message is the reason code that the gateway is answered. */
final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;

    Refused(String reason) { super(reason, null, false, false); }
}
