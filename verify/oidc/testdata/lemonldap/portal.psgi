# LemonLDAP::NG's portal as a process of its own, for the tests of verify/oidc. Nothing of it is shipped.
#
# Its module for pictures of letters needs more packages than the portal brings; nothing here asks for one.
package Lemonldap::NG::Portal::Captcha::None;
use Mouse;
extends 'Lemonldap::NG::Common::Module';
sub init { 1 }
BEGIN { $INC{'Lemonldap/NG/Portal/Captcha/None.pm'} = 1 }

package main;
use Lemonldap::NG::Portal::Main;
Lemonldap::NG::Portal::Main->run({});
